"""`sagespec lsp`: what `validate` knows, in the editor, at every keystroke (Language Server Protocol 3.17)."""
