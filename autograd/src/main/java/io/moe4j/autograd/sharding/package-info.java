/** Parameters in flat shards, gathered for use. */
@NullMarked
package io.moe4j.autograd.sharding;

import org.jspecify.annotations.NullMarked;
