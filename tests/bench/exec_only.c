// SPDX-License-Identifier: Apache-2.0
// The limit of a wrapper's form: a static program that only becomes the runtime named in $EXEC_ONLY_RUNTIME.
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char** argv) {
  (void)argc;
  char* const runtime = getenv("EXEC_ONLY_RUNTIME");
  if (runtime == NULL) return 1;
  argv[0] = runtime;
  execv(runtime, argv);
  return 1;
}
