/** What all of moe4j's exported types share. */
@NullMarked
package io.moe4j.api;

import org.jspecify.annotations.NullMarked;
