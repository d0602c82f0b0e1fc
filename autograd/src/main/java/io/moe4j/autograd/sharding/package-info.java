/** Parameters in flat shards, gathered for use. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.autograd.sharding;

import org.jspecify.annotations.NullMarked;
