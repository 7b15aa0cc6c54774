import fc from 'fast-check';

// Properties, and times at which something is killed, come from one seed, which the run prints.
fc.configureGlobal({ seed: Number(process.env['TEST_SEED']) });
