import about from '../package.json' with { type: 'json' };

/** Of wattdog, such as `0.1.0`. */
export const VERSION: string = about.version;
