/** Expert kernels: grouped products and offset-aware SwiGLU. Terms and letters of shapes: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.kernels.swiglu;

import org.jspecify.annotations.NullMarked;
