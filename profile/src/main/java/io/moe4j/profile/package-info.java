/** Records the work of ranks in some steps, and writes it as a trace. */
@NullMarked
package io.moe4j.profile;

import org.jspecify.annotations.NullMarked;
