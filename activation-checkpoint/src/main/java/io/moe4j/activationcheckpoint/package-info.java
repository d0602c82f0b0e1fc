/** Recompute policies; nothing is exported. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.activationcheckpoint;

import org.jspecify.annotations.NullMarked;
