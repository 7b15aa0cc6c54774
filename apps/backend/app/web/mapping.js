/** Which column fills which field of the template. */

const plain = (name) => name.toLowerCase().replace(/[\s_]+/g, '');

/** The fields that a version of a template asks for in this mode. */
export function fieldsOf(version, mode) {
  const { single, looped } = version.fields;
  return [...new Set(mode === 'per-row' ? single : [...looped, ...single])];
}

/** The column that a field most likely means: by name, spelling aside; '' when there is none. */
export function likelyColumn(field, columns) {
  const found =
    columns.find((column) => column.field === field || column.name === field) ??
    columns.find((column) => [column.field, column.name].map(plain).includes(plain(field)));
  return found?.field ?? '';
}

/** What the selects in `container` say. */
export function readMapping(container) {
  const selects = [...container.querySelectorAll('select')];
  return Object.fromEntries(selects.map((select) => [select.dataset.field, select.value]));
}

/** One select a field, in `container`; what was chosen before stays where it still can. */
export function showSelects(container, fields, columns, noColumn) {
  const before = readMapping(container);
  container.replaceChildren(
    ...fields.map((field) => {
      const select = document.createElement('select');
      select.dataset.field = field;
      select.ariaLabel = field; // the label holds every option, too
      select.append(
        new Option(noColumn, ''),
        ...columns.map((column) => new Option(column.name, column.field)),
      );
      const kept = field in before && columns.some((column) => column.field === before[field]);
      select.value = kept ? before[field] : likelyColumn(field, columns);
      const name = document.createElement('span');
      name.textContent = field;
      name.translate = false;
      const label = document.createElement('label');
      label.append(name, select);
      return label;
    }),
  );
}
