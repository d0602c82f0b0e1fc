/** How ranks are started and meet: as threads of one JVM, or in several JVMs that a launcher has started. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.launch;

import org.jspecify.annotations.NullMarked;
