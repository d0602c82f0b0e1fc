/** The communication-backend SPI: expert-parallel dispatch and combine. */
@NullMarked
package io.moe4j.api.comm;

import org.jspecify.annotations.NullMarked;
