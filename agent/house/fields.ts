/** What a reading carries for each of its phases. */
export type PhaseField = `${'current' | 'voltage' | 'power'}_${number}`;

const PHASE = /^(current|voltage|power)_\d{1,2}$/;

export function isPhaseField(field: string): field is PhaseField {
  return PHASE.test(field);
}
