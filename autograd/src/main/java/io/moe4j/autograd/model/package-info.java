/** The model SPI. Terms and shape letters: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.autograd.model;

import org.jspecify.annotations.NullMarked;
