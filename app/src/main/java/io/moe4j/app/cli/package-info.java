/** The command line: the only place that prints. */
@NullMarked
package io.moe4j.app.cli;

import org.jspecify.annotations.NullMarked;
