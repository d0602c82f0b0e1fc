/** Expert-parallel dispatch and combine through peer memory. */
@NullMarked
package io.moe4j.comm.minimalasyncep;

import org.jspecify.annotations.NullMarked;
