/** Initial values. */
@NullMarked
package io.moe4j.layers.init;

import org.jspecify.annotations.NullMarked;
