/** Executes the statements of a template. */
@NullMarked
package io.moe4j.chattemplate.render;

import org.jspecify.annotations.NullMarked;
