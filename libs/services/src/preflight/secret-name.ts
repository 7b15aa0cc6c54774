const SECRET_NAME =
  /^(?!.*_FILE$).*(PASS(WORD|WD)?$|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIAL)/i;

/** Whether a variable of this name holds a secret. */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name);
