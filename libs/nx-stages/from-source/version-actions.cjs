module.exports = require('./bundle.cjs').load('release/version-actions');
