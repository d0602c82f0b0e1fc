/** The expert-kernel SPI: grouped products and offset-aware SwiGLU. */
@NullMarked
package io.moe4j.api.expert;

import org.jspecify.annotations.NullMarked;
