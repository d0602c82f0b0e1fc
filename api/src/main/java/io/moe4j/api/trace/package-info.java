/** Records what a rank is doing, for profiles. */
@NullMarked
package io.moe4j.api.trace;

import org.jspecify.annotations.NullMarked;
