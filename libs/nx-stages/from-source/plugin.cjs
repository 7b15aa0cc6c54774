module.exports = require('./bundle.cjs').load('index');
