/** Recompute policies; nothing is exported. */
@NullMarked
package io.moe4j.activationcheckpoint;

import org.jspecify.annotations.NullMarked;
