/** What a configuration costs, found out without the ranks that it needs. */
@NullMarked
package io.moe4j.trainer.plan;

import org.jspecify.annotations.NullMarked;
