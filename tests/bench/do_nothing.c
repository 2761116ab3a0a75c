// SPDX-License-Identifier: Apache-2.0
// A low-level runtime that does nothing, so that what is before it can be measured.
int main(void) { return 0; }
