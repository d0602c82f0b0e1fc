/**
 * Helpers for writing a communication backend. Their use is optional: neither the SPI nor the host requires these types. Terms and shape letters:
 * {@code docs/glossary.md}.
 */
@NullMarked
package io.moe4j.api.comm.support;

import org.jspecify.annotations.NullMarked;
