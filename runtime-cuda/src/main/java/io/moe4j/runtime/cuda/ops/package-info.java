/** Device operations: own kernels, cuBLASLt, cuDNN. */
@NullMarked
package io.moe4j.runtime.cuda.ops;

import org.jspecify.annotations.NullMarked;
