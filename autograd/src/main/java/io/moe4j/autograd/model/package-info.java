/** The model SPI. */
@NullMarked
package io.moe4j.autograd.model;

import org.jspecify.annotations.NullMarked;
