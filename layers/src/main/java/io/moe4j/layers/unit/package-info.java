/** Declaring parameters. */
@NullMarked
package io.moe4j.layers.unit;

import org.jspecify.annotations.NullMarked;
