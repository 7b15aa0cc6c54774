// Takes 320 s.
import { SHORT } from './acme/edits';
import { testTable } from './acme/table';

testTable('22.7.12', SHORT);
