/** Peer memory, barriers and collectives between ranks. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.runtime.cuda.peer;

import org.jspecify.annotations.NullMarked;
