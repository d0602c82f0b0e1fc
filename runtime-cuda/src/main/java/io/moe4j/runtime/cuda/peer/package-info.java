/** Peer memory, barriers and collectives between ranks. */
@NullMarked
package io.moe4j.runtime.cuda.peer;

import org.jspecify.annotations.NullMarked;
