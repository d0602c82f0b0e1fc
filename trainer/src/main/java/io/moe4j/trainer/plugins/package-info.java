/** Finds plug-ins: those of the host, and those of jars on the plug-in path. */
@NullMarked
package io.moe4j.trainer.plugins;

import org.jspecify.annotations.NullMarked;
