/** The CUDA device. */
@NullMarked
package io.moe4j.runtime.cuda;

import org.jspecify.annotations.NullMarked;
