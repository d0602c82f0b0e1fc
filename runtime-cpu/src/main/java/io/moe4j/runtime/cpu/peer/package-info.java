/**
 * Peer memory, barriers and collectives between ranks, which are threads of this JVM or processes of this machine. Terms: {@code docs/glossary.md}.
 */
@NullMarked
package io.moe4j.runtime.cpu.peer;

import org.jspecify.annotations.NullMarked;
