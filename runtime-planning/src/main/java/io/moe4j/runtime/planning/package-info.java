/** A device that computes nothing and counts memory: plans run on it. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.runtime.planning;

import org.jspecify.annotations.NullMarked;
