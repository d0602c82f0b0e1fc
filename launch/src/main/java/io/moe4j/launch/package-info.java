/** How ranks are started and meet: threads of one JVM, or several JVMs that a launcher has started. */
@NullMarked
package io.moe4j.launch;

import org.jspecify.annotations.NullMarked;
