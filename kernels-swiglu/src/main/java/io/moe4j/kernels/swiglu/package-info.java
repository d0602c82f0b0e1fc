/** Expert kernels: grouped GEMM and offset-aware SwiGLU. */
@NullMarked
package io.moe4j.kernels.swiglu;

import org.jspecify.annotations.NullMarked;
