/** Starts the processes of a job on one machine, watches them, shows what they write, and ends them together. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.app.supervise;

import org.jspecify.annotations.NullMarked;
