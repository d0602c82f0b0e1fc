/** Graph capture and replay on CUDA; nothing is exported. */
@NullMarked
package io.moe4j.cudagraph;

import org.jspecify.annotations.NullMarked;
