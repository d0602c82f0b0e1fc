/** The communication-backend SPI: expert-parallel dispatch and combine. Terms and shape letters: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.api.comm;

import org.jspecify.annotations.NullMarked;
