/**
 * Helpers for writing a communication backend. Their use is optional: the SPI does not mention these types, and the host never asks for them. Terms
 * and shape letters: {@code docs/glossary.md}.
 */
@NullMarked
package io.moe4j.api.comm.support;

import org.jspecify.annotations.NullMarked;
