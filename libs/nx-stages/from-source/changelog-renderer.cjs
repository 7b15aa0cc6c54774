module.exports = require('./bundle.cjs').load('release/changelog-renderer');
