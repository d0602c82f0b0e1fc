/** Values as Python has them, and what Python computes with them: templates are written for it. */
@NullMarked
package io.moe4j.chattemplate.python;

import org.jspecify.annotations.NullMarked;
