/** A child that ends as it is told: by a code, at SIGTERM in order, or never. */
const [how = ''] = process.argv.slice(2);
if (how === 'deaf') process.on('SIGTERM', () => {});
else process.on('SIGTERM', () => process.exit(0));
if (/^\d+$/.test(how)) process.exit(Number(how));
setInterval(() => {}, 1000);
process.send?.('ready');
