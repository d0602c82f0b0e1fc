/** A device that computes nothing and counts everything: what plans are made on. */
@NullMarked
package io.moe4j.runtime.planning;

import org.jspecify.annotations.NullMarked;
