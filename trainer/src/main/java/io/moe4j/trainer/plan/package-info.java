/** Computes what a configuration costs, without having the ranks that it needs. */
@NullMarked
package io.moe4j.trainer.plan;

import org.jspecify.annotations.NullMarked;
