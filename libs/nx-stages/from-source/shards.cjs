#!/usr/bin/env node
require('./bundle.cjs').load('shards/cli');
