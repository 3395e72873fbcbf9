/** A child that ends as it is told: by a code, in order at SIGTERM, not at SIGTERM, or that spins. */
const [how = ''] = process.argv.slice(2);
if (how === 'deaf') process.on('SIGTERM', () => {});
else process.on('SIGTERM', () => process.exit(0));
if (/^\d+$/.test(how)) process.exit(Number(how));
setInterval(() => {}, 1000);
process.send?.('ready', () => {
  while (how === 'spin');
});
