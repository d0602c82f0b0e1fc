/** The expert-kernel SPI: grouped products and offset-aware SwiGLU. Terms and shape letters: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.api.expert;

import org.jspecify.annotations.NullMarked;
