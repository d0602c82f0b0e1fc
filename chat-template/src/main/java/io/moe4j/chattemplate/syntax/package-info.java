/** From the text of a template to statements and expressions. */
@NullMarked
package io.moe4j.chattemplate.syntax;

import org.jspecify.annotations.NullMarked;
